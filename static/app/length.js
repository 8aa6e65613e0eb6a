// Counts a text and decides whether it is blank. Like the server, it ignores the space around a text.

// Spaces, control and format characters and fillers are invisible.
const SHOWS = /[^\p{White_Space}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u;
const PAIRS = /[\ud800-\udbff][\udc00-\udfff]/g;

export const blank = (text) => !SHOWS.test(text);

// excess returns by how many characters (code points) a text is longer than limit.
export function excess(text, limit) {
  const sent = text.trim();
  if (sent.length <= limit) return 0; // the common case: a text never has more code points than code units
  return Math.max(0, sent.length - (sent.match(PAIRS)?.length ?? 0) - limit);
}
