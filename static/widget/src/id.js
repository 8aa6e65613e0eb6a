// A client_id: a message sent again carries the same one and is stored once.
export function newID() {
  if (crypto.randomUUID) return crypto.randomUUID(); // only on https
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => (byte + 256).toString(16).slice(1)).join("");
}
