// How a text is counted and when it counts as nothing: as the server does both, once the space around it is gone.

// Spaces, control and format characters, fillers: none of them shows anything.
const SHOWS = /[^\p{White_Space}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u;
const PAIRS = /[\ud800-\udbff][\udc00-\udfff]/g;

export const blank = (text) => !SHOWS.test(text);

// excess is by how many characters (code points) a text is longer than limit.
export function excess(text, limit) {
  const sent = text.trim();
  if (sent.length <= limit) return 0; // the common case: code points are never more than code units
  return Math.max(0, sent.length - (sent.match(PAIRS)?.length ?? 0) - limit);
}
