/** Deliberate faults of the server, to prove that `npm run cuts` finds them. Loaded before it, by CUTS_CONTROL. */

import { Session } from "../../../src/signaling/session.ts";

const { renew, onHeartbeat } = Session.prototype;

const CONTROLS: Readonly<Record<string, () => void>> = {
  /** A ticket is used up with its resume, even if the answer with the next one is lost. */
  "strict-tickets": () => {
    Session.prototype.renew = function (ticket) {
      renew.call(this, ticket);
    };
  },

  /** What was sent until a heartbeat's answer arrives counts as arrived, not until the answer before. */
  "trim-at-pong": () => {
    Session.prototype.onHeartbeat = function () {
      onHeartbeat.call(this);
      this.outbox?.confirm(this.outbox.sent);
    };
  },
};

const { CUTS_CONTROL = "" } = process.env;
const control = CONTROLS[CUTS_CONTROL];
if (!control) throw new Error(`CUTS_CONTROL must be one of ${Object.keys(CONTROLS).join(", ")}`);
control();
