// A TCP proxy before a server that a test takes away and brings back.
import { connect, createServer } from "node:net";

export async function gate(address) {
  const url = new URL(address);
  const target = { host: url.hostname, port: Number(url.port) };
  const sockets = new Set();
  const proxy = createServer((client) => {
    const server = connect(target);
    for (const [one, other] of [
      [client, server],
      [server, client],
    ]) {
      sockets.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  const listen = (port) => new Promise((resolve) => proxy.listen(port, "127.0.0.1", resolve));
  await listen(0);
  const { port } = proxy.address();
  const close = () => {
    proxy.close();
    for (const socket of sockets) socket.destroy();
  };
  url.port = port;
  return { url: url.href, close, open: () => listen(port) };
}
