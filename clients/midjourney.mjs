// Drives the npm package `midjourney` as its users do: an image over the gateway, then an upscale of it.
//
// usage: CLIENT_TOKEN=… node midjourney.mjs ORIGIN GATEWAY GUILD CHANNEL PROMPT
// Prints one line of JSON, and fails if either picture does not come or cannot be fetched.
import { Midjourney } from 'midjourney';

const [origin, gateway, guild, channel, prompt] = process.argv.slice(2);
const say = console.log;
// The library prints its configuration, the token in it, when a request fails.
console.log = console.info = console.warn = console.error = () => {};

const client = new Midjourney({
  SalaiToken: process.env.CLIENT_TOKEN,
  ServerId: guild,
  ChannelId: channel,
  DiscordBaseUrl: origin,
  WsBaseUrl: `${gateway}/?encoding=json&v=9`,
  Ws: true,
  fetch,
});

const fetched = async (message) => {
  const answer = await fetch(message.uri);
  return { status: answer.status, bytes: (await answer.arrayBuffer()).byteLength };
};

const seen = { progress: [], options: [] };
try {
  await client.Connect();
  const image = await client.Imagine(prompt, (_uri, progress) => seen.progress.push(progress));
  seen.image = { uri: image.uri, ...(await fetched(image)) };
  seen.options = image.options.map((option) => option.label);
  const upscale = await client.Upscale({
    index: 1,
    msgId: image.id,
    hash: image.hash,
    flags: image.flags,
    content: image.content,
  });
  seen.upscale = { uri: upscale.uri, ...(await fetched(upscale)) };
} catch (error) {
  seen.error = String(error);
}
client.Close();
say(JSON.stringify(seen));
process.exit(seen.error ? 1 : 0);
