/**
 * A queue with a lane for each network. Lanes take turns, so that somebody who asks once waits for one job of each
 * busy network, and not for all that one of them has put in line.
 */
export interface FairQueue<Job> {
  readonly length: number;
  /** Puts a job at the end of the lane of its network. */
  push(network: string, job: Job): void;
  /** Takes the first job of the lane whose turn it is. */
  shift(): Job | undefined;
  /**
   * Makes room for a job of this network: takes out the newest job of the longest lane.
   *
   * @returns `undefined` where the lane of this network would itself be the longest then: its next job is the one to
   * refuse
   */
  displaceFor(network: string): Job | undefined;
}

export function createFairQueue<Job>(): FairQueue<Job> {
  /** No lane is empty. The first has the turn, and goes to the end after it. */
  const lanes = new Map<string, Job[]>();
  let length = 0;

  return {
    get length() {
      return length;
    },
    push(network, job) {
      const lane = lanes.get(network);
      if (lane === undefined) lanes.set(network, [job]);
      else lane.push(job);
      length += 1;
    },
    shift() {
      const [turn] = lanes;
      if (turn === undefined) return undefined;
      const [network, lane] = turn;
      const job = lane.shift();
      lanes.delete(network);
      if (lane.length > 0) lanes.set(network, lane);
      length -= 1;
      return job;
    },
    displaceFor(network) {
      const own = lanes.get(network)?.length ?? 0;
      let longest: [string, Job[]] | undefined;
      for (const entry of lanes) {
        if (longest === undefined || entry[1].length > longest[1].length) longest = entry;
      }
      if (longest === undefined || longest[1].length <= own + 1) return undefined;
      length -= 1;
      return longest[1].pop();
    },
  };
}
