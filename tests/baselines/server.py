"""A server on the official Python SDK that does nothing: the least that a Python MCP server costs.

python server.py          over stdin and stdout
python server.py PORT     streamable HTTP at 127.0.0.1:PORT/mcp
"""

import sys

from mcp.server import MCPServer

server = MCPServer("nothing", log_level="ERROR")


@server.tool()
def nothing() -> str:
    """Does nothing."""
    return "nothing"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]), json_response=True)
    else:
        server.run("stdio")
