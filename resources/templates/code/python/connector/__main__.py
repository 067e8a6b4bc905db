"""Runs the flows: `python -m connector`. Exit code 0: every record that was read was delivered; 1: not all were, see the
dead letters and the last lines; 2: it could not begin."""

from __future__ import annotations

import asyncio
import signal
import sys

from .http import Switch
from .log import Log
from .mapper import use_keys
from .outcome import Stop
from .model import Flow
from .plan import FLOWS, INTEGRATION
from .run import Pass
from .settings import Missing, Settings, all_secrets
from .state import State


async def main(settings: Settings) -> int:
    log = Log(settings, integration=INTEGRATION)
    try:
        systems = {s.name: s for flow in FLOWS for s in (flow.source.system, flow.target.system)}
        for reference in all_secrets(systems.values()):
            settings.secret(reference)
        use_keys(settings.secret)
        state = State(settings)
    except (Missing, Stop, ValueError) as e:
        log("error", "cannot-begin", because=str(e))
        return 2
    switch = Switch(settings)
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        # The request in flight is finished, the state is on the disk, and nothing more goes out.
        loop.add_signal_handler(name, switch.stop)
    try:
        if not settings.service:
            return 0 if all([(await Pass(f, settings, switch, state, log).run()).ok for f in FLOWS]) else 1
        await asyncio.gather(*(serve(f, settings, switch, state, log) for f in FLOWS))
        return 0
    finally:
        state.close()


async def serve(flow: Flow, settings: Settings, switch: Switch, state: State, log: Log) -> None:
    """Passes at the flow's interval until it is told to stop; switched off, it waits."""
    while not switch.stopped:
        if not settings.disabled:
            await Pass(flow, settings, switch, state, log).run()
        until = asyncio.get_running_loop().time() + (flow.every_ms or 60_000) / 1000 / settings.scale
        while not switch.stopped and (asyncio.get_running_loop().time() < until or settings.disabled):
            await asyncio.sleep(min(0.2, max(until - asyncio.get_running_loop().time(), 0.05)))


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Settings())))
