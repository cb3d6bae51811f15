// What is looked at through a frame: moved, and drawn larger or smaller.

class Stage {
  constructor(canvas, layer) {
    Object.assign(this, { canvas, layer, scale: 1, x: 0, y: 0, size: { w: 0, h: 0 } });
    this.listen();
  }

  move(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.layer.setAttribute(
      'transform',
      `translate(${this.x.toFixed(2)} ${this.y.toFixed(2)}) scale(${this.scale.toFixed(4)})`,
    );
  }

  zoom(factor, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2) {
    const scale = Math.min(Math.max(this.scale * factor, 0.02), 4);
    const real = scale / this.scale;
    this.scale = scale;
    this.move((x - this.x) * (1 - real), (y - this.y) * (1 - real));
  }

  // The whole graph, or from its head as much as can be read: nothing smaller than `least`.
  fit(least = 0.02) {
    const { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth) return;
    const scale = Math.min(1, (clientWidth - 32) / this.size.w, (clientHeight - 32) / this.size.h);
    this.scale = Math.max(scale, least);
    [this.x, this.y] = [
      (clientWidth - this.size.w * this.scale) / 2,
      Math.max((clientHeight - this.size.h * this.scale) / 2, 16),
    ];
    if (this.size.h * this.scale > clientHeight) this.y = 16;
    this.move(0, 0);
  }

  // As little as needed to have a place in the frame.
  keepInSight(place) {
    const { clientWidth, clientHeight } = this.canvas;
    const [left, top] = [place.x * this.scale + this.x, place.y * this.scale + this.y];
    const [right, bottom] = [left + place.w * this.scale, top + place.h * this.scale];
    const dx = left < 8 ? 8 - left : right > clientWidth - 8 ? Math.max(clientWidth - 8 - right, 8 - left) : 0;
    const dy = top < 8 ? 8 - top : bottom > clientHeight - 8 ? Math.max(clientHeight - 8 - bottom, 8 - top) : 0;
    if (dx || dy) this.move(dx, dy);
  }

  centre(place) {
    const { clientWidth, clientHeight } = this.canvas;
    [this.x, this.y] = [
      clientWidth / 2 - (place.x + place.w / 2) * this.scale,
      clientHeight / 2 - (place.y + place.h / 2) * this.scale,
    ];
    this.move(0, 0);
  }

  // Fingers and the mouse move what is drawn, two fingers or Ctrl and the wheel zoom.
  listen() {
    const { canvas } = this;
    const fingers = new Map();
    let moved = 0;
    canvas.addEventListener(
      'wheel',
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        const { left, top } = canvas.getBoundingClientRect();
        this.zoom(Math.exp(-event.deltaY / 300), event.clientX - left, event.clientY - top);
      },
      { passive: false },
    );
    canvas.addEventListener('pointerdown', (event) => {
      fingers.set(event.pointerId, [event.clientX, event.clientY]);
      moved = 0;
    });
    canvas.addEventListener('pointermove', (event) => {
      const last = fingers.get(event.pointerId);
      if (!last) return;
      const [dx, dy] = [event.clientX - last[0], event.clientY - last[1]];
      moved += Math.abs(dx) + Math.abs(dy);
      if (moved < 4) return;
      if (!canvas.hasPointerCapture(event.pointerId)) canvas.setPointerCapture(event.pointerId);
      if (fingers.size === 2) this.pinch(fingers, event);
      else this.move(dx, dy);
      fingers.set(event.pointerId, [event.clientX, event.clientY]);
    });
    const up = (event) => fingers.delete(event.pointerId);
    for (const name of ['pointerup', 'pointercancel', 'lostpointercapture']) canvas.addEventListener(name, up);
    // The click that ends a move is none.
    canvas.addEventListener('click', (event) => {
      if (moved >= 4) event.stopImmediatePropagation();
      moved = 0;
    });
  }

  pinch(fingers, event) {
    const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    const last = fingers.get(event.pointerId);
    const apart = (x, y) => Math.max(Math.hypot(x - other[0], y - other[1]), 1);
    const { left, top } = this.canvas.getBoundingClientRect();
    this.zoom(
      apart(event.clientX, event.clientY) / apart(...last),
      (event.clientX + other[0]) / 2 - left,
      (event.clientY + other[1]) / 2 - top,
    );
  }
}
