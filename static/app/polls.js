// Lets the tabs of this browser poll in turns. Browsers open six connections to a host over HTTP/1.1: the long polls of
// many tabs would use them up, and nothing else would load.
import { inTurn } from "./tabs.js";

const AT_ONCE = 3; // polls

// Seconds until the server answers an empty poll.
export const HOLD = 3;
const HOLD_SHARED = 1; // while other tabs wait for their turn
const TURN = 2_000 * HOLD; // ms a tab waits for its turn: those before it may be stuck

// pollInTurns makes an engine of engine.io-client, which is connected by polling, wait for its turn before each poll.
export function pollInTurns(engine) {
  const { transport } = engine;
  const poll = transport.doPoll;
  let ended = () => {};
  transport.on("pollComplete", () => ended());
  engine.on("close", () => ended());
  transport.doPoll = () =>
    inTurn("parley:poll", AT_ONCE, TURN, (shared) => {
      if (transport.readyState === "closed") return undefined;
      transport.query.hold = shared ? HOLD_SHARED : HOLD;
      return new Promise((resolve) => {
        ended = resolve;
        poll.call(transport);
      });
    });
}
