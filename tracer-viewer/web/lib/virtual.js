// A list of which only the rows in view are elements, so that 20,000 rows scroll as 50 do.
//
// The page itself scrolls. Rows are as high as `--row` says; what is open below a row is measured.

/** Rows above and below the view that are made too. */
const MARGIN_PX = 280;

export class VirtualRows {
  /** `make(item)` makes a row's element; its second child, if any, is what is open below it. */
  constructor(host, make, signal, headHeight = () => 0) {
    Object.assign(this, { host, make, headHeight });
    this.items = [];
    this.places = new Map();
    this.made = new Map();
    this.extras = new Map();
    this.pinned = null;
    this.sizes = new ResizeObserver((entries) => this.measure(entries));
    const later = () => this.schedule();
    addEventListener("scroll", later, { passive: true, signal });
    addEventListener("resize", later, { passive: true, signal });
    signal.addEventListener("abort", () => this.sizes.disconnect());
  }

  /** Shows other rows; rows that stay keep their elements, and with them the focus. */
  setItems(items) {
    this.items = items;
    this.places = new Map(items.map((item, place) => [item, place]));
    for (const item of this.extras.keys()) if (!this.places.has(item)) this.extras.delete(item);
    this.layout();
  }

  /** Makes the rows in view again, as something about them has changed. */
  refresh(only = null) {
    const focused = [...this.made].find(([, element]) => element.contains(document.activeElement))?.[0];
    for (const [item, element] of this.made) {
      if (only && item !== only) continue;
      this.forget(item, element);
    }
    this.layout();
    if (focused && (!only || focused === only))
      this.made.get(focused)?.firstElementChild.focus({ preventScroll: true });
  }

  /** Scrolls to a row, and answers its element. */
  reveal(item) {
    const place = this.places.get(item);
    if (place === undefined) return null;
    this.layout();
    const top = this.host.getBoundingClientRect().top + this.top(place);
    const head = this.headHeight();
    const isNear = top > head - this.row() * 2 && top < innerHeight + this.row() * 2;
    if (!isNear) scrollBy(0, top - head - (innerHeight - head) / 3);
    else if (top < head) scrollBy(0, top - head);
    else if (top + this.row() > innerHeight) scrollBy(0, top + this.row() - innerHeight);
    this.pinned = item;
    this.layout();
    return this.made.get(item);
  }

  /** The first row in view. */
  firstInView() {
    const top = -this.host.getBoundingClientRect().top + this.headHeight();
    return this.items[this.at(Math.max(0, top))];
  }

  schedule() {
    if (this.isScheduled) return;
    this.isScheduled = true;
    requestAnimationFrame(() => {
      this.isScheduled = false;
      this.layout();
    });
  }

  layout() {
    if (!this.host.isConnected) return;
    this.rowPx = parseFloat(getComputedStyle(this.host).getPropertyValue("--row")) || 28;
    this.openOnes = [...this.extras].map(([item, px]) => [this.places.get(item), px]).sort(([a], [b]) => a - b);
    this.host.style.setProperty("height", `${this.top(this.items.length)}px`);
    const top = this.host.getBoundingClientRect().top;
    const wanted = this.wanted(this.at(-top - MARGIN_PX), this.at(innerHeight - top + MARGIN_PX));
    const keep = new Set(wanted);
    for (const [item, element] of this.made) if (!keep.has(item)) this.forget(item, element);
    let next = this.host.firstElementChild;
    for (const item of wanted) {
      let element = this.made.get(item);
      if (element) {
        next = element.nextElementSibling;
      } else {
        element = this.add(item);
        this.host.insertBefore(element, next);
      }
      element.style.setProperty("top", `${this.top(this.places.get(item))}px`);
    }
  }

  /** The rows of a range, and the pinned one wherever it is, in order. */
  wanted(from, to) {
    const range = this.items.slice(from, to + 1);
    const place = this.places.get(this.pinned);
    if (place === undefined || (place >= from && place <= to)) return range;
    return place < from ? [this.pinned, ...range] : [...range, this.pinned];
  }

  add(item) {
    const element = this.make(item);
    this.made.set(item, element);
    const open = element.children[1];
    if (open) {
      open.item = item;
      this.sizes.observe(open);
    } else {
      this.extras.delete(item);
    }
    return element;
  }

  forget(item, element) {
    if (element.children[1]) this.sizes.unobserve(element.children[1]);
    element.remove();
    this.made.delete(item);
  }

  measure(entries) {
    for (const { target } of entries) {
      if (target.isConnected) this.extras.set(target.item, target.getBoundingClientRect().height);
    }
    this.schedule();
  }

  row() {
    return this.rowPx ?? 28;
  }

  /** Where a row begins. */
  top(place) {
    let top = place * this.row();
    for (const [open, px] of this.openOnes ?? []) if (open < place) top += px;
    return top;
  }

  /** The row at a height. */
  at(y) {
    let above = 0;
    const inside = (place) => Math.max(0, Math.min(this.items.length - 1, place));
    for (const [open, px] of this.openOnes ?? []) {
      const end = (open + 1) * this.row() + above;
      if (y < end) break;
      if (y < end + px) return inside(open);
      above += px;
    }
    return inside(Math.floor((y - above) / this.row()));
  }
}
