/** Pull requests over MCP. AuthSec says who calls and what they may do; each tool says which scope it needs. */

import { createServer } from 'node:http';

import { toNodeHandler } from '@modelcontextprotocol/node';
import {
    createMcpHandler,
    getOAuthProtectedResourceMetadataUrl,
    McpServer,
    oauthMetadataResponse,
    originValidationResponse,
    requireScopes
} from '@modelcontextprotocol/server';
import * as z from 'zod';

import { Introspection, letIn } from './authsec.ts';

function setting(name: string, fallback?: string): string {
    const value = process.env[name] || fallback;
    if (!value) throw new Error(`Set ${name}; the README says where to find it.`);
    return value;
}

const issuer = setting('AUTHSEC_ISSUER');
const resource = new URL(setting('RESOURCE_URI'));
const credential = { id: setting('CREDENTIAL_ID'), secret: setting('CREDENTIAL_SECRET') };

const pullRequests = new Map([
    [41, { number: 41, title: 'Keep the cursor when a page is empty', state: 'open' }],
    [42, { number: 42, title: 'Say which scope is missing', state: 'open' }]
]);

/** A server for one request: MCP keeps no state between two of them. */
function pullRequestServer(): McpServer {
    const server = new McpServer({ name: 'pull-requests', version: '1.0.0' });

    server.registerTool(
        'list_pull_requests',
        { description: 'All pull requests.', scopeChallenge: requireScopes('pr:read') },
        () => ({ content: [{ type: 'text', text: JSON.stringify([...pullRequests.values()]) }] })
    );

    server.registerTool(
        'merge_pull_request',
        {
            description: 'Merge a pull request.',
            inputSchema: z.object({ number: z.number().int() }),
            scopeChallenge: requireScopes('pr:write') // without it: 403, and a good client asks its user for more
        },
        ({ number }, { http }) => {
            const found = pullRequests.get(number);
            if (!found) return { content: [{ type: 'text', text: `There is no ${number}.` }], isError: true };
            found.state = `merged by ${http?.authInfo?.extra?.username}`;
            return { content: [{ type: 'text', text: JSON.stringify(found) }] };
        }
    );

    return server;
}

const mcp = createMcpHandler(pullRequestServer);
const metadata = {
    oauthMetadata: await (await fetch(new URL('/.well-known/oauth-authorization-server', issuer))).json(),
    resourceServerUrl: resource,
    scopesSupported: ['pr:read', 'pr:write'],
    resourceName: 'Pull requests'
};
const gate = {
    verifier: new Introspection(issuer, credential),
    expectedResource: resource,
    requiredScopes: ['pr:read'], // what a client asks for first
    resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(resource)
};

async function answer(request: Request): Promise<Response> {
    const early = originValidationResponse(request, [resource.hostname]) ?? oauthMetadataResponse(request, metadata);
    if (early) return early;
    if (new URL(request.url).pathname !== resource.pathname) return new Response('Not found', { status: 404 });
    const caller = await letIn(request, gate);
    return caller instanceof Response ? caller : mcp.fetch(request, { authInfo: caller });
}

const port = Number(setting('PORT', resource.port || '8080'));
const listener = createServer(toNodeHandler({ fetch: answer }, { onerror: console.error }));
listener.listen(port, process.env.HOST, () => console.log(`Listening on port ${port} for ${resource}`));
process.on('SIGTERM', () => listener.close());
