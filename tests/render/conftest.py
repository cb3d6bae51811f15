"""A real browser for the tests of pages: one for the session, and nothing that it loads may be from elsewhere."""

import json
import os
from shutil import which

import pytest

CHROMIUM = next(filter(None, map(which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = which("chromedriver")
ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars")


class Browser:
    """Chromium with one page; `check` says what went wrong on it."""

    def __init__(self, driver, folder):
        self.driver = driver
        self.folder = folder
        self.url = None
        self.loaded = 0

    def open(self, text, width=1280, height=900, scheme="light", scripts=True):
        """Show a page, fresh: as wide as wanted, in the wanted colours, with or without its scripts."""
        self.loaded += 1
        path = self.folder / f"page{self.loaded}.html"
        path.write_text("".join(text) if not isinstance(text, str) else text, encoding="utf-8")
        self.url = path.as_uri()
        self.command("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        self.scheme(scheme)
        self.driver.get(self.url)
        return self

    def command(self, name, **values):
        return self.driver.execute_cdp_cmd(name, values)

    def scheme(self, scheme):
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def run(self, script, *given):
        return self.driver.execute_script(script, *given)

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def one(self, selector):
        return self.driver.find_element("css selector", selector)

    def texts(self, selector):
        """What is in each element, whether it can be seen or not."""
        return self.run("return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)", selector)

    def rows(self):
        """The labels in the table of layers, as they stand."""
        return self.texts(".layers-view tbody .label")

    def press(self, *keys):
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def until(self, condition):
        from selenium.webdriver.support.wait import WebDriverWait

        return WebDriverWait(self.driver, 10, poll_frequency=0.02).until(lambda _: condition())

    def check(self):
        """No error on the console, and no request but for the page itself."""
        errors = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        assert errors == []
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        asked = {
            event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"
        }
        assert {url for url in asked if not url.startswith(("data:", self.folder.as_uri()))} == set()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """The browser; where there is none, the tests are skipped, or fail if it is required."""
    webdriver = pytest.importorskip("selenium.webdriver")
    if CHROMIUM is None or DRIVER is None:
        missing = "needs chromium and chromedriver: apt-get install chromium chromium-driver"
        if os.environ.get("PARAMCALC_BROWSER") == "required":
            pytest.fail(missing)
        pytest.skip(missing)
    options = webdriver.ChromeOptions()
    for argument in ARGUMENTS:
        options.add_argument(argument)
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield Browser(driver, tmp_path_factory.mktemp("pages"))
    driver.quit()


@pytest.fixture
def browser(chromium):
    """The browser, its page checked after the test."""
    yield chromium
    chromium.check()
