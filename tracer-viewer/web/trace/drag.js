// Choosing a part of the time with the pointer.

import { el, styled } from "../lib/dom.js";

/** Shorter drags are clicks. */
const LEAST_PX = 4;

/** Calls `chosen(from, to)`, both from 0 to 1 of the element's width, after a drag over it. */
export function dragRange(element, chosen) {
  const shade = el("span", { class: "drag", hidden: true, "aria-hidden": "true" });
  element.append(shade);
  let began = null;
  const place = (event) => {
    const box = element.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
  };
  const part = (event) => [began, place(event)].sort((a, b) => a - b);
  const isLong = ([from, to]) => (to - from) * element.clientWidth >= LEAST_PX;
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    began = place(event);
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    if (began === null) return;
    const [from, to] = part(event);
    shade.hidden = !isLong([from, to]);
    styled(shade, { left: `${from * 100}%`, width: `${(to - from) * 100}%` });
  });
  const end = (event) => {
    if (began !== null && event.type === "pointerup" && isLong(part(event))) chosen(...part(event));
    began = null;
    shade.hidden = true;
  };
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);
}
