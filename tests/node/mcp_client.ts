/**
 * The MCP project's TypeScript client, unmodified, as the tests drive it. It calls tools of SERVER_URL, one a line of
 * its input (`{"tool": …, "arguments": …}`), and says `answer: …` or `refused: …`; `open: …` is what it would open in
 * a browser, and `token: …` what it got. With CLIENT_ID and CLIENT_SECRET it is a program on its own behalf.
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';

import {
    Client,
    ClientCredentialsProvider,
    type OAuthClientProvider,
    StreamableHTTPClientTransport,
    UnauthorizedError
} from '@modelcontextprotocol/client';

function tell(what: string, value: unknown): void {
    console.log(`${what}: ${JSON.stringify(value)}`);
}

/** The loopback redirect of a native client (RFC 8252 §7.3): the next query that arrives. */
let arrived: (query: URLSearchParams) => void = () => {};
const loopback = createServer((request, response) => {
    response.end('You can close this window');
    arrived(new URL(request.url ?? '', 'http://127.0.0.1').searchParams);
});
await new Promise<void>(resolve => loopback.listen(0, '127.0.0.1', resolve));
const redirectUrl = `http://127.0.0.1:${(loopback.address() as AddressInfo).port}/callback`;

const kept: Record<string, any> = {};
const state = crypto.randomUUID();
let answer: Promise<URLSearchParams>;
const person: OAuthClientProvider = {
    redirectUrl,
    clientMetadataUrl: process.env.CLIENT_DOCUMENT || undefined,
    clientMetadata: {
        client_name: 'TypeScript AI',
        redirect_uris: [redirectUrl],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'none'
    },
    state: () => state,
    clientInformation: () => kept.client,
    saveClientInformation: client => {
        kept.client = client;
        tell('client', client);
    },
    tokens: () => kept.tokens,
    saveTokens: tokens => {
        kept.tokens = tokens;
        tell('token', tokens);
    },
    saveCodeVerifier: verifier => (kept.verifier = verifier),
    codeVerifier: () => kept.verifier,
    saveDiscoveryState: found => (kept.discovery = found),
    discoveryState: () => kept.discovery,
    invalidateCredentials: what => {
        if (what === 'all' || what === 'tokens') delete kept.tokens;
        if (what === 'all' || what === 'client') delete kept.client;
    },
    redirectToAuthorization: url => {
        answer = new Promise(resolve => (arrived = resolve));
        tell('open', url.href);
    }
};

/** Nobody is asked where the client is a service account's (RFC 6749 §4.4). */
const { CLIENT_ID: clientId, CLIENT_SECRET: clientSecret, ISSUER: expectedIssuer } = process.env;
const provider = clientId
    ? new ClientCredentialsProvider({ clientId, clientSecret: clientSecret!, expectedIssuer: expectedIssuer! })
    : person;

const transport = () => new StreamableHTTPClientTransport(new URL(process.env.SERVER_URL!), { authProvider: provider });
let current = transport();

/** Do it, and once more after the person allowed it in the browser. */
async function allowed<Result>(attempt: () => Promise<Result>): Promise<Result> {
    try {
        return await attempt();
    } catch (error) {
        if (!(error instanceof UnauthorizedError)) throw error;
        const query = await answer;
        if (query.get('state') !== state) throw new Error('this answer belongs to another question');
        await current.finishAuth(query); // compares iss with the issuer (RFC 9207)
        return await attempt();
    }
}

async function connected(): Promise<Client> {
    const client = new Client({ name: 'typescript-ai', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
    current = transport();
    await client.connect(current);
    return client;
}

let client: Client | undefined;
for await (const line of createInterface({ input: process.stdin })) {
    const { tool, arguments: given, expire } = JSON.parse(line);
    if (expire) kept.tokens.access_token = 'as_at_expired'; // so that the client has to refresh
    try {
        client ??= await allowed(connected);
        const result = await allowed(() => client!.callTool({ name: tool, arguments: given }));
        tell('answer', { ...result, protocol: client.getNegotiatedProtocolVersion?.() });
    } catch (error) {
        tell('refused', `${(error as Error).name}: ${(error as Error).message}`);
    }
}
loopback.close();
