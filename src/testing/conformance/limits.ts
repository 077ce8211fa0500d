/** Of what waits the server tells the number, of what is delayed nothing: it lets go of delayed jobs by itself. */
const OWN_CLOCK =
  "a delayed job comes out of RabbitMQ by itself, some milliseconds after it is due, and is not counted";

/** By the name of a broker: cases that its protocol does not allow it to pass, each with the reason. Its guide names them too. */
export const LIMITS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  rabbitmq: {
    "lets one connection settle what another claimed":
      "a claim is an unacknowledged delivery, and AMQP lets only the channel that got a message acknowledge it",
    "has every job that it acknowledged to a process that was killed, and no part of a batch":
      "AMQP publishes one message at a time: of a batch that nobody acknowledged a part may be there",
    "hands out a job once its delay has ended": OWN_CLOCK,
    "hands out by priority what became due together": OWN_CLOCK,
    "keeps a retried job back until its delay has ended": OWN_CLOCK,
    "says how long until the next job is due": OWN_CLOCK,
    "makes thousands of jobs waiting that became due together, and counts them": OWN_CLOCK,
    "counts each due job once when several look at the same time": OWN_CLOCK,
    "wakes for a job that became due": OWN_CLOCK,
  },
};
