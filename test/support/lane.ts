/** The same tests run on servers with and without the lane for offers, answers and candidates. */

/** Whether servers of tests have it: LANE=off, as a part of `npm run test:long` has it, takes it away. */
export const hasLane = () => process.env["LANE"] !== "off";
