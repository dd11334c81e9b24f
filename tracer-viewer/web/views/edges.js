// The ways of a graph's lines round its boxes, and places for labels on them that hide nothing.

/** Along a way, from its middle outwards. */
const PLACES = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82];
/** How far a label may also stand above or below its line. */
const SHIFTS_PX = [0, -14, 14, -28, 28];

/**
 * The four points of a curve: from the right of a box to the left of another; back to an earlier
 * column, or to itself, in an arc below.
 */
export function way([x1, y1], [x2, y2], box) {
  const middle = box.height / 2;
  if (x2 > x1) {
    const [from, to] = [x1 + box.width, x2 - 2];
    const bend = (to - from) / 2;
    return [
      [from, y1 + middle],
      [from + bend, y1 + middle],
      [to - bend, y2 + middle],
      [to, y2 + middle],
    ];
  }
  const [from, to] = [x1 + box.width * 0.7, x2 + box.width * 0.3];
  const below = Math.max(y1, y2) + box.height + 34;
  return [
    [from, y1 + box.height],
    [from + 20, below],
    [to - 20, below],
    [to, y2 + box.height + 2],
  ];
}

/** A curve as a path of a drawing. */
export function pathOf([start, first, second, end]) {
  return `M${start.join(" ")}C${[first, second, end].map((point) => point.join(" ")).join(" ")}`;
}

/**
 * The middle of each label, `[x, y]`. `labels` are `{ curve, width, height }`; `taken` are the boxes,
 * `{ x, y, width, height }`. Where there is no free place, the one that hides least.
 */
export function placed(labels, taken) {
  const hidden = [...taken];
  return labels.map(({ curve, width, height }) => {
    let best = null;
    for (const shift of SHIFTS_PX) {
      for (const part of PLACES) {
        const [x, y] = at(curve, part);
        const spot = { x: x - width / 2, y: y + shift - height / 2, width, height };
        const covered = hidden.reduce((sum, other) => sum + overlap(spot, other), 0);
        if (best === null || covered < best.covered) best = { spot, covered };
        if (covered === 0) break;
      }
      if (best.covered === 0) break;
    }
    hidden.push(best.spot);
    return [best.spot.x + width / 2, best.spot.y + height / 2];
  });
}

/** A point of a curve, from 0 to 1. */
function at([a, b, c, d], part) {
  const rest = 1 - part;
  const weights = [rest ** 3, 3 * rest ** 2 * part, 3 * rest * part ** 2, part ** 3];
  return [0, 1].map((axis) => [a, b, c, d].reduce((sum, point, index) => sum + weights[index] * point[axis], 0));
}

function overlap(one, other) {
  const width = Math.min(one.x + one.width, other.x + other.width) - Math.max(one.x, other.x);
  const height = Math.min(one.y + one.height, other.y + other.height) - Math.max(one.y, other.y);
  return Math.max(width, 0) * Math.max(height, 0);
}
