// node consumer.js FOLDER FEED: reserves funds for adopted projects.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import amqp from "amqplib";

const [folder, feed] = process.argv.slice(2);
const read = (name) => readFileSync(`${folder}/${name}`, "utf8").trim();
const file = "node.json";
let at = existsSync(file) ? JSON.parse(readFileSync(file)) : { sequence: 0, hash: "0".repeat(64) };

// What it does must bear to be done again: this process may die before the position is written.
async function handle(event) {
  if (event.type === "piaojue.ballots.result_declared.v1")
    console.log(event.sequence, "reserve funds for", ...event.data.adopted);
}

async function next(event) {
  const sequence = Number(event.sequence);
  if (sequence !== at.sequence + 1) return;
  if (event.previoushash !== at.hash) throw new Error(`the log is broken at ${sequence}`);
  await handle(event);
  at = { sequence, hash: event.hash };
  writeFileSync(`${file}.new`, JSON.stringify(at));
  renameSync(`${file}.new`, file);
}

async function catchUp() {
  for (;;) {
    const headers = { Authorization: `Bearer ${read("token")}` };
    const answer = await fetch(`${feed}?after=${at.sequence}&limit=500`, { headers });
    if (!answer.ok) throw new Error(`the log answers ${answer.status}`);
    const { tip, events } = await answer.json();
    if (tip.sequence < at.sequence || (tip.sequence === at.sequence && tip.hash !== at.hash))
      throw new Error(`the log is broken: it ends at ${tip.sequence}, we are at ${at.sequence}`);
    for (const event of events) await next(event);
    if (events.length === 0) return;
  }
}

async function take(event) {
  if (Number(event.sequence) > at.sequence + 1) await catchUp();
  await next(event);
}

const ca = existsSync(`${folder}/ca.pem`) ? [read("ca.pem")] : undefined;
const connection = await amqp.connect(read("broker-url"), { ca });
const channel = await connection.createChannel();
await channel.assertQueue("budget.node", { durable: true, arguments: { "x-queue-type": "quorum" } });
await channel.bindQueue("budget.node", "ballots.events", "#");
await channel.prefetch(100);
const end = (error) => { console.error(error.message); process.exit(1); }; // whoever starts it does so again
connection.on("close", () => end(new Error("the broker is gone")));
connection.on("error", end);
let last = Promise.resolve();
const inTurn = (work) => { last = last.then(work).catch(end); }; // one after the other, in their order
inTurn(catchUp);
setInterval(() => inTurn(catchUp), 60_000);
await channel.consume("budget.node", (message) => {
  if (message === null) return end(new Error("the queue is gone"));
  inTurn(async () => {
    await take(JSON.parse(message.content));
    channel.ack(message);
  });
});
