// Colours that a program wrote as escape sequences (ECMA-48, SGR), as spans with classes. [pure]

/** @typedef {{text: string, classes: string}} Span */

// eslint-disable-next-line no-control-regex
const SGR = /\x1b\[([0-9;:]*)m/g;

/** @typedef {{color: number, isBold: boolean, isDim: boolean, isItalic: boolean, isUnderlined: boolean, isReverse: boolean}} Pen */

/** @returns {Pen} `color`: 0 to 7; -1 without one */
const plainPen = () => ({ color: -1, isBold: false, isDim: false, isItalic: false, isUnderlined: false, isReverse: false });

/**
 * The text without its SGR sequences, in spans of one look; every other escape sequence stays in the text.
 * @param {string} text
 * @returns {Span[]}
 */
export function ansiSpans(text) {
  if (!text.includes("\x1b[")) return text ? [{ text, classes: "" }] : [];
  const spans = [];
  const pen = plainPen();
  let position = 0;
  for (const match of text.matchAll(SGR)) {
    if (match.index > position) spans.push({ text: text.slice(position, match.index), classes: classesOf(pen) });
    apply(pen, match[1]);
    position = match.index + match[0].length;
  }
  if (position < text.length) spans.push({ text: text.slice(position), classes: classesOf(pen) });
  return spans;
}

/** @param {Pen} pen */
const classesOf = (pen) =>
  [
    pen.color >= 0 && `sgr-${pen.color}`, pen.isBold && "sgr-bold", pen.isDim && "sgr-dim", pen.isItalic && "sgr-italic",
    pen.isUnderlined && "sgr-underline", pen.isReverse && "sgr-reverse",
  ].filter(Boolean).join(" ");

/** @param {Pen} pen @param {string} parameters `1;31` */
function apply(pen, parameters) {
  const codes = parameters.split(/[;:]/).map(Number);
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index];
    if (code === 38 || code === 48) {
      const { color, used } = extended(codes, index + 1);
      if (code === 38) pen.color = color;
      index += used;
    } else applyCode(pen, code);
  }
}

/** @param {Pen} pen @param {number} code */
function applyCode(pen, code) {
  if (code === 0) Object.assign(pen, plainPen());
  else if (code === 1) pen.isBold = true;
  else if (code === 2) pen.isDim = true;
  else if (code === 3) pen.isItalic = true;
  else if (code === 4) pen.isUnderlined = true;
  else if (code === 7) pen.isReverse = true;
  else if (code === 22) pen.isBold = pen.isDim = false;
  else if (code === 23) pen.isItalic = false;
  else if (code === 24) pen.isUnderlined = false;
  else if (code === 27) pen.isReverse = false;
  else if (code >= 30 && code <= 37) pen.color = code - 30;
  else if (code >= 90 && code <= 97) pen.color = code - 90;
  else if (code === 39) pen.color = -1;
}

/**
 * A colour of 256, or of red, green and blue, as the nearest of the eight that the page has for both of its themes.
 * @param {number[]} codes
 * @param {number} at
 */
function extended(codes, at) {
  if (codes[at] === 5) return { color: ofPalette(codes[at + 1]), used: 2 };
  if (codes[at] === 2) return { color: nearest(codes[at + 1], codes[at + 2], codes[at + 3]), used: 4 };
  return { color: -1, used: 1 };
}

/** @param {number} number */
function ofPalette(number) {
  if (!(number >= 0 && number <= 255)) return -1;
  if (number < 16) return number % 8;
  if (number >= 232) return 7;
  const cube = number - 16;
  return nearest(...[Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((level) => level * 51));
}

/** @param {number[]} rgb */
function nearest(...rgb) {
  const [red, green, blue] = rgb.map((value) => value || 0);
  const high = Math.max(red, green, blue);
  if (high - Math.min(red, green, blue) < 40) return 7;
  const isHigh = (/** @type {number} */ value) => value > 0.6 * high;
  return (isHigh(red) ? 1 : 0) + (isHigh(green) ? 2 : 0) + (isHigh(blue) ? 4 : 0);
}
