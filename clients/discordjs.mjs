// Drives @discordjs/rest as its users do. Of limits it knows only what that library knows.
//
// usage: CLIENT_TOKEN=… node discordjs.mjs ORIGIN CHANNELS MESSAGES_PER_CHANNEL HOT_READS [TIMEOUT_SECONDS]
// Says "ready", waits for a line, sends everything at once, and prints one line of JSON.
import { createInterface } from 'node:readline';
import { REST, RESTEvents } from '@discordjs/rest';

const [origin, channels, perChannel, hotReads, timeout] = process.argv.slice(2);
const options = { api: `${origin}/api`, version: '9', retries: 3 };
if (timeout) options.timeout = Number(timeout) * 1000;
const rest = new REST(options).setToken(process.env.CLIENT_TOKEN);
const seen = { requests: 0, got_429: 0, by_proxy: 0, ok: 0, failed: 0 };
rest.on(RESTEvents.Response, (_request, response) => {
  seen.requests += 1;
  seen.got_429 += response.status === 429;
  seen.by_proxy += response.headers.get('x-sent-by-proxy') !== null;
});

const messages = (number) => `/channels/${900000000000000000n + BigInt(number)}/messages`;
const errors = [];
const count = async (request) => {
  try {
    await request();
    seen.ok += 1;
  } catch (error) {
    seen.failed += 1;
    if (errors.length < 3) errors.push(String(error));
  }
};

console.log('ready');
for await (const _ of createInterface({ input: process.stdin })) break;
const begun = performance.now();
const sent = [];
for (let turn = 0; turn < Number(perChannel); turn += 1) {
  for (let channel = 0; channel < Number(channels); channel += 1) {
    sent.push(count(() => rest.post(messages(channel), { body: { content: `message ${turn}` } })));
  }
}
for (let turn = 0; turn < Number(hotReads); turn += 1) {
  sent.push(count(() => rest.get(messages(Number(channels)))));
}
await Promise.all(sent);
console.log(JSON.stringify({ ...seen, errors, seconds: (performance.now() - begun) / 1000 }));
process.exit(0);
