// fit rates how well a text matches what somebody typed of it: lower is better, undefined is no match.
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

export function fit(text, query) {
  const [within, wanted] = [plain(text), plain(query.trim())];
  const whole = within.indexOf(wanted);
  if (whole >= 0) return whole === 0 || within[whole - 1] === " " ? 0 : 1; // at the beginning of a word, or inside one
  let from = 0;
  for (const letter of wanted) {
    if (letter === " ") continue;
    from = within.indexOf(letter, from) + 1;
    if (!from) return undefined;
  }
  return 2; // all letters, in order
}
