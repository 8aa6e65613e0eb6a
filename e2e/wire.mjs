// What lies between a page and the server: WebSockets that are swallowed, refused or lose events.

const HANDSHAKE = { sid: "test", upgrades: [], pingInterval: 25_000, pingTimeout: 20_000, maxPayload: 65_536 };

// swallow accepts every WebSocket of the page and passes nothing on. It returns the list of them.
export async function swallow(page) {
  const swallowed = [];
  await page.routeWebSocket(/socket\.io/, (socket) => swallowed.push(socket));
  return swallowed;
}

// refuseConnects answers the page's connects with CONNECT_ERROR, as long as refusal() returns its data.
export async function refuseConnects(page, refusal) {
  await page.routeWebSocket(/socket\.io/, (socket) => {
    const data = refusal();
    if (!data) return socket.connectToServer();
    socket.onMessage((packet) => {
      if (packet.startsWith("40")) socket.send(`44${JSON.stringify({ message: "Refused by the test.", data })}`);
    });
    socket.send(`0${JSON.stringify(HANDSHAKE)}`);
  });
}

// loseEvents drops events on their way to the page, as long as lose(name, payload) is true. emit sends the page an
// event as the server would.
export async function loseEvents(page, lose) {
  const wire = { sockets: [] };
  wire.emit = (name, payload) => wire.sockets.at(-1).send(`42${JSON.stringify([name, payload])}`);
  await page.routeWebSocket(/socket\.io/, (socket) => {
    const server = socket.connectToServer();
    wire.sockets.push(socket);
    server.onMessage((packet) => {
      const [name, payload] = /^42\[/.test(packet) ? JSON.parse(packet.slice(2)) : [];
      if (!name || !lose(name, payload)) socket.send(packet);
    });
  });
  return wire;
}

// answerFor answers the page's own events instead of the server, as long as answer(name, payload) returns an
// acknowledgement.
export async function answerFor(page, answer) {
  await page.routeWebSocket(/socket\.io/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((packet) => {
      const [, id, event] = /^42(\d+)(\[.*)$/s.exec(packet) ?? [];
      const ack = event && answer(...JSON.parse(event));
      if (ack) socket.send(`43${id}${JSON.stringify([ack])}`);
      else server.send(packet);
    });
  });
}
