// Counts a text and decides whether it is blank. Like the server, it ignores the space around a text.

// A character that shows something: see visible in services/text.go. The second part are the format characters that
// have a shape, Prepended_Concatenation_Mark, for which JavaScript has no name.
const SHOWS =
  /[^\p{White_Space}\p{Cc}\p{Cf}\p{Mn}\p{Me}\p{DI}\p{NChar}\u2800\ufffc\u{13441}\u{13442}\u{1d159}]|[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}]/u;
const PAIRS = /[\ud800-\udbff][\udc00-\udfff]/g;

export const blank = (text) => !SHOWS.test(text);

// excess returns by how many characters (code points) a text is longer than limit.
export function excess(text, limit) {
  const sent = text.trim();
  if (sent.length <= limit) return 0; // the common case: a text never has more code points than code units
  return Math.max(0, sent.length - (sent.match(PAIRS)?.length ?? 0) - limit);
}
