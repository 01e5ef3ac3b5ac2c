"""Drives discord.py's HTTP client as its users do. Of limits it knows only what that library knows.

usage: CLIENT_TOKEN=… python discordpy.py ORIGIN CHANNELS MESSAGES_PER_CHANNEL HOT_READS [TIMEOUT_SECONDS]
Logs in, says "ready", waits for a line, sends everything at once, and prints one line of JSON.
discord.py sets no timeout of its own, so that the last argument changes nothing.
"""

import asyncio
import json
import os
import sys
import time

import aiohttp
from discord.http import HTTPClient, Route, handle_message_parameters


async def main() -> None:
    origin, channels, per_channel, hot_reads = sys.argv[1], *map(int, sys.argv[2:5])
    Route.BASE = f"{origin}/api/v10"
    seen = {"requests": 0, "got_429": 0, "by_proxy": 0, "ok": 0, "failed": 0}
    errors: list[str] = []

    async def answered(_session, _context, params) -> None:
        seen["requests"] += 1
        seen["got_429"] += params.response.status == 429
        seen["by_proxy"] += "x-sent-by-proxy" in params.response.headers

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(answered)
    client = HTTPClient(asyncio.get_running_loop(), http_trace=trace)
    await client.static_login(os.environ["CLIENT_TOKEN"])
    seen["requests"] = 0

    async def count(request) -> None:
        try:
            await request
            seen["ok"] += 1
        except Exception as error:  # Whatever it is, it is counted and told.
            seen["failed"] += 1
            if len(errors) < 3:
                errors.append(repr(error))

    async def post(channel: int, turn: int) -> None:
        with handle_message_parameters(content=f"message {turn}") as params:
            await client.send_message(900000000000000000 + channel, params=params)

    print("ready", flush=True)
    sys.stdin.readline()
    begun = time.perf_counter()
    posts = [post(channel, turn) for turn in range(per_channel) for channel in range(channels)]
    reads = [client.logs_from(900000000000000000 + channels, 1) for _ in range(hot_reads)]
    await asyncio.gather(*map(count, posts + reads))
    seconds = time.perf_counter() - begun
    await client.close()
    print(json.dumps({**seen, "errors": errors, "seconds": seconds}))


asyncio.run(main())
