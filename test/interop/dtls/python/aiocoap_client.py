"""aiocoap over tinydtls as a device: shakes hands ROUNDS times in one process and has a body echoed under each.

aiocoap_client.py PORT ROUNDS
"""

import asyncio
import os
import sys

from aiocoap import GET, POST, Context, Message

port, rounds = int(sys.argv[1]), int(sys.argv[2])
CREDENTIALS = {
    f"coaps://127.0.0.1:{port}/*": {
        "dtls": {"psk": {"hex": bytes(range(16)).hex()}, "client-identity": {"ascii": "dev1"}}
    }
}


async def main():
    good = 0
    for number in range(rounds):
        context = await Context.create_client_context()
        context.client_credentials.load_from_dict(CREDENTIALS)
        body = os.urandom(200)
        posted = Message(code=POST, uri=f"coaps://127.0.0.1:{port}/echo", payload=body)
        answer = await asyncio.wait_for(context.request(posted).response, 20)
        time = await context.request(Message(code=GET, uri=f"coaps://127.0.0.1:{port}/time")).response
        if answer.payload == body and b"18:00:00" in time.payload:
            good += 1
        print("ROUND", number, flush=True)
        await context.shutdown()
    print("DONE", good, flush=True)


asyncio.run(main())
