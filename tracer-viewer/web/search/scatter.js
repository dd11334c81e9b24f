// Duration over time, a mark per trace: errors are crosses, others are dots. A click opens the trace.

import { traceAddress } from "../lib/address.js";
import { color, onThemeChange, themeColor } from "../lib/colors.js";
import { el } from "../lib/dom.js";
import { dateTime, duration, short } from "../lib/format.js";

const HEIGHT_PX = 170;
const EDGE = { left: 62, right: 14, top: 12, bottom: 24 };
const NEAR_PX = 14;
/** Traces that take the same time do not make differences of nothing. */
const LEAST_HALF = 0.2;

/** The plot of these traces. */
export function scatter(traces, page) {
  return new Scatter(traces, page).element;
}

class Scatter {
  constructor(traces, page) {
    this.traces = [...traces].sort((a, b) => a.startTime - b.startTime);
    this.page = page;
    this.chosen = null;
    const label = `Duration of ${traces.length} traces over time. Arrow keys move, Enter opens; the list below has the same.`;
    this.canvas = el("canvas", { tabindex: "0", role: "img", "aria-label": label });
    this.tip = el("p", { class: "tip", role: "status" }, "Crosses are traces with errors. A click opens one.");
    this.element = el("figure", { class: "scatter" }, this.canvas, el("figcaption", {}, this.tip));
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("click", (event) => this.point(event) && this.open());
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    const sizes = new ResizeObserver(() => this.draw());
    sizes.observe(this.canvas);
    page.signal.addEventListener("abort", () => sizes.disconnect());
    onThemeChange(() => this.draw(), page.signal);
  }

  /** Where a trace's mark is. */
  spot(trace) {
    const [from, to] = this.times();
    const [low, high] = this.durations();
    const x = EDGE.left + ((trace.startTime - from) / (to - from)) * (this.width - EDGE.left - EDGE.right);
    const part = (Math.log10(Math.max(trace.duration, 1)) - low) / (high - low);
    return [x, HEIGHT_PX - EDGE.bottom - part * (HEIGHT_PX - EDGE.top - EDGE.bottom)];
  }

  times() {
    const first = this.traces[0].startTime;
    const last = this.traces.at(-1).startTime;
    const edge = Math.max((last - first) * 0.02, 1000);
    return [first - edge, last + edge];
  }

  /** The powers of ten at the lower and the upper edge. */
  durations() {
    let [low, high] = [Infinity, 0];
    for (const trace of this.traces) {
      const log = Math.log10(Math.max(trace.duration, 1));
      low = Math.min(low, log);
      high = Math.max(high, log);
    }
    const middle = (low + high) / 2;
    const half = Math.max((high - low) * 0.55, LEAST_HALF);
    return [middle - half, middle + half];
  }

  draw() {
    this.width = this.canvas.clientWidth;
    const scale = devicePixelRatio || 1;
    this.canvas.width = this.width * scale;
    this.canvas.height = HEIGHT_PX * scale;
    const brush = this.canvas.getContext("2d");
    brush.scale(scale, scale);
    this.axes(brush);
    this.spots = this.traces.map((trace) => this.spot(trace));
    this.traces.forEach((trace, index) => this.mark(brush, trace, this.spots[index]));
    if (this.chosen !== null) this.ring(brush, this.spots[this.chosen]);
  }

  axes(brush) {
    const [low, high] = this.durations();
    brush.font = "11px system-ui, sans-serif";
    brush.fillStyle = themeColor("--faint");
    brush.strokeStyle = themeColor("--line");
    for (const us of ticks(low, high)) {
      const part = (Math.log10(us) - low) / (high - low);
      const y = HEIGHT_PX - EDGE.bottom - part * (HEIGHT_PX - EDGE.top - EDGE.bottom);
      line(brush, EDGE.left, y, this.width - EDGE.right, y);
      brush.fillText(duration(us), 6, y + 4);
    }
    line(brush, EDGE.left, HEIGHT_PX - EDGE.bottom, this.width - EDGE.right, HEIGHT_PX - EDGE.bottom);
    const [from, to] = this.times();
    const time = (us) => (to - from > 86400e6 ? dateTime(us).slice(0, 16) : dateTime(us).slice(11, 19));
    brush.fillText(time(from), EDGE.left, HEIGHT_PX - 8);
    brush.textAlign = "right";
    brush.fillText(time(to), this.width - EDGE.right, HEIGHT_PX - 8);
    brush.textAlign = "left";
  }

  mark(brush, trace, [x, y]) {
    const size = Math.min(3 + Math.log10(Math.max(trace.spans, 1)) * 1.5, 9);
    if (trace.errors > 0) {
      brush.strokeStyle = themeColor("--error");
      brush.lineWidth = 2;
      line(brush, x - size, y - size, x + size, y + size);
      line(brush, x - size, y + size, x + size, y - size);
      brush.lineWidth = 1;
      return;
    }
    brush.globalAlpha = 0.75;
    brush.fillStyle = color(trace.rootService);
    brush.beginPath();
    brush.arc(x, y, size, 0, 2 * Math.PI);
    brush.fill();
    brush.globalAlpha = 1;
  }

  ring(brush, [x, y]) {
    brush.strokeStyle = themeColor("--text");
    brush.lineWidth = 2;
    brush.beginPath();
    brush.arc(x, y, 11, 0, 2 * Math.PI);
    brush.stroke();
    brush.lineWidth = 1;
  }

  /** Chooses the mark nearest to the pointer; answers whether there is one. */
  point(event) {
    let nearest = null;
    let least = NEAR_PX ** 2;
    this.spots.forEach(([x, y], index) => {
      const distance = (x - event.offsetX) ** 2 + (y - event.offsetY) ** 2;
      if (distance < least) [nearest, least] = [index, distance];
    });
    this.canvas.classList.toggle("over", nearest !== null);
    if (nearest !== null) this.choose(nearest);
    return nearest !== null;
  }

  choose(index) {
    if (index === this.chosen) return;
    this.chosen = index;
    const trace = this.traces[index];
    const failed = trace.errors > 0 ? `, ${trace.errors} errors` : "";
    this.tip.textContent = `${short(trace.rootService)}: ${short(trace.rootOperation)}, ${duration(trace.duration)}, ${trace.spans} spans${failed}, ${dateTime(trace.startTime)}`;
    this.draw();
  }

  key(event) {
    const last = this.traces.length - 1;
    const at = this.chosen ?? -1;
    const actions = {
      ArrowRight: () => this.choose(Math.min(at + 1, last)),
      ArrowLeft: () => this.choose(Math.max(at - 1, 0)),
      Home: () => this.choose(0),
      End: () => this.choose(last),
      Enter: () => this.chosen !== null && this.open(),
    };
    if (!Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  }

  open() {
    this.page.go(traceAddress(this.traces[this.chosen].traceID));
  }
}

/** Round durations between two powers of ten; the fewer steps, the wider the range. */
function ticks(low, high) {
  const steps = high - low > 3 ? [1] : high - low > 1 ? [1, 3] : [1, 1.5, 2, 3, 5, 7];
  const found = [];
  for (let power = Math.floor(low); power <= high; power++) {
    for (const step of steps) {
      const us = step * 10 ** power;
      if (us >= 1 && Math.log10(us) >= low && Math.log10(us) <= high) found.push(us);
    }
  }
  return found;
}

function line(brush, x1, y1, x2, y2) {
  brush.beginPath();
  brush.moveTo(x1, y1);
  brush.lineTo(x2, y2);
  brush.stroke();
}
