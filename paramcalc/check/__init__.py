"""From files and their budgets to a verdict; nothing here prints."""
