// A server on the official Node SDK that does nothing: the least that a Node MCP server costs.
//
// node server.mjs          over stdin and stdout
// node server.mjs PORT     streamable HTTP at 127.0.0.1:PORT/mcp, one session for each client

import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";

function nothing() {
  const server = new McpServer({ name: "nothing", version: "1" });
  server.registerTool("nothing", { description: "Does nothing." }, async () => ({
    content: [{ type: "text", text: "nothing" }],
  }));
  return server;
}

const port = process.argv[2];
if (port === undefined) {
  await nothing().connect(new StdioServerTransport());
} else {
  const sessions = new Map();
  createServer(async (request, response) => {
    let transport = sessions.get(request.headers["mcp-session-id"]);
    if (transport === undefined) {
      transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        enableJsonResponse: true,
        onsessioninitialized: (id) => sessions.set(id, transport),
      });
      await nothing().connect(transport);
    }
    await transport.handleRequest(request, response);
  }).listen(Number(port), "127.0.0.1");
}
