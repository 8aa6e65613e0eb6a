// newID makes a client_id. A message that is sent again carries the same one, so it is stored once.
export function newID() {
  if (crypto.randomUUID) return crypto.randomUUID(); // exists only on https
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => (b + 256).toString(16).slice(1)).join("");
}
