// Text of others: names, log lines, labels. [pure]

/**
 * Escapes control characters, line ends, bidirectional overrides and lone surrogates.
 * @param {unknown} text
 */
export const printable = (text) =>
  String(text ?? "").replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    const number = character.codePointAt(0) ?? 0;
    /** @type {Record<number, string>} */
    const named = { 9: "\\t", 10: "\\n", 13: "\\r" };
    if (named[number]) return named[number];
    if (number < 256) return `\\x${number.toString(16).padStart(2, "0")}`;
    return number < 65536
      ? `\\u${number.toString(16).padStart(4, "0")}`
      : `\\U${number.toString(16).padStart(8, "0")}`;
  });

/**
 * Whether every word of `filter` occurs in one of the texts; case is ignored.
 * @param {string} filter
 * @param {unknown[]} texts
 */
export function matches(filter, ...texts) {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return true;
  const text = texts.join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

/** @param {number} count @param {string} noun @param {string} [plural] */
export const counted = (count, noun, plural = `${noun}s`) => `${count.toLocaleString("en-US")} ${count === 1 ? noun : plural}`;

/** @param {string} word */
export const capitalized = (word) => word.charAt(0).toUpperCase() + word.slice(1);

/**
 * A word of a POSIX shell.
 * @param {unknown} value
 */
export function shellQuoted(value) {
  const text = String(value);
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
