// Builds elements. Text goes in as text nodes only, so nothing that a span says is ever markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an element: `el("a", { class: "home", href: "/" }, "text", child)`.
 * Functions become listeners (`onclick`), `null` and `false` leave an attribute out.
 */
export function el(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** Makes an element of a drawing. */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      element.addEventListener(key.slice(2), value);
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(key, value === true ? "" : String(value));
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Sets styles by property, which the page's content security policy allows. */
export function styled(element, styles) {
  for (const [property, value] of Object.entries(styles)) {
    element.style.setProperty(property, value);
  }
  return element;
}

/** Puts a page in the place of the last one. */
export function show(title, ...content) {
  document.title = `${title.slice(0, 200)} · Traces`;
  document.getElementById("main").replaceChildren(...content);
}

/** What went wrong, in the place of what was asked for. */
export function problem(error) {
  return el("p", { class: "problem", role: "alert" }, error.message);
}
