/**
 * oauth4webapi with every check on, against AuthSec: each way to authenticate that the metadata lists, with each
 * algorithm that it lists. Only http on loopback is let pass, which is what tests serve.
 *
 * The first line of input says where things are; `open: …` is what a person's browser would show, and the next line of
 * input is where it ended up.
 */

import { createInterface } from 'node:readline';

import * as oauth from 'oauth4webapi';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const heard = async () => JSON.parse((await lines.next()).value);
const tell = (what: string, value: unknown) => console.log(`${what}: ${JSON.stringify(value)}`);
const options = { [oauth.allowInsecureRequests]: true };

const world = await heard();
const kept: string[] = [];
const REDIRECT = 'http://127.0.0.1:7/callback';

/** RFC 9728, then RFC 8414 and OpenID Connect Discovery, whose documents must name the issuer that was asked. */
async function discovered(): Promise<oauth.AuthorizationServer> {
    const resource = new URL(world.resource);
    const document = await oauth.processResourceDiscoveryResponse(
        resource,
        await oauth.resourceDiscoveryRequest(resource, options)
    );
    const issuer = new URL(document.authorization_servers![0]);
    const found = [];
    for (const algorithm of ['oauth2', 'oidc'] as const) {
        const response = await oauth.discoveryRequest(issuer, { algorithm, ...options });
        found.push(await oauth.processDiscoveryResponse(issuer, response));
    }
    const [plain, openid] = found as Record<string, unknown>[];
    for (const [name, value] of Object.entries(plain)) {
        if (JSON.stringify(openid[name]) !== JSON.stringify(value)) throw new Error(`the documents differ in ${name}`);
    }
    return found[1];
}

interface Known {
    client: oauth.Client;
    proof: oauth.ClientAuth;
}

/** A client of its own for one way to authenticate (RFC 7591). */
async function registered(as: oauth.AuthorizationServer, method: string, alg?: string, idTokenAlg?: string): Promise<Known> {
    const pair = alg ? await oauth.generateKeyPair(alg, { extractable: true }) : undefined;
    const metadata: Partial<oauth.Client> = {
        client_name: `oauth4webapi ${method} ${alg ?? ''}`.trim(),
        redirect_uris: [REDIRECT],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: method
    };
    if (idTokenAlg) metadata.id_token_signed_response_alg = idTokenAlg;
    if (pair) metadata.jwks = { keys: [{ ...(await crypto.subtle.exportKey('jwk', pair.publicKey)), alg, kid: 'one', use: 'sig', key_ops: undefined, ext: undefined }] } as any;
    const response = await oauth.dynamicClientRegistrationRequest(as, metadata, options);
    const client = (await oauth.processDynamicClientRegistrationResponse(response)) as oauth.Client;
    kept.push((client.client_secret as string) ?? '');
    return { client, proof: proofOf(method, client.client_secret as string, pair?.privateKey) };
}

function proofOf(method: string, secret: string, key?: CryptoKey): oauth.ClientAuth {
    switch (method) {
        case 'none':
            return oauth.None();
        case 'client_secret_basic':
            return oauth.ClientSecretBasic(secret);
        case 'client_secret_post':
            return oauth.ClientSecretPost(secret);
        case 'private_key_jwt':
            return oauth.PrivateKeyJwt({ key: key!, kid: 'one' });
        default:
            throw new Error(`nobody here knows how to authenticate by ${method}: teach proofOf`);
    }
}

/** What the person's browser brings back to the client, its state and issuer checked (RFC 9207). */
async function authorized(as: oauth.AuthorizationServer, client: oauth.Client, more: Record<string, string>): Promise<URLSearchParams> {
    const state = oauth.generateRandomState();
    const url = new URL(as.authorization_endpoint!);
    const query = { response_type: 'code', client_id: client.client_id, redirect_uri: REDIRECT, state, ...more };
    url.search = new URLSearchParams(query).toString();
    tell('open', url.href);
    return oauth.validateAuthResponse(as, client, new URL(await heard()), state);
}

/** Sign in, be told who it is, refresh, introspect, and end it. */
async function walked(as: oauth.AuthorizationServer, { client, proof }: Known): Promise<void> {
    const verifier = oauth.generateRandomCodeVerifier();
    const nonce = oauth.generateRandomNonce();
    const parameters = await authorized(as, client, {
        scope: 'openid email profile pr:read',
        resource: world.resource,
        nonce,
        max_age: '3600',
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256'
    });
    let response = await oauth.authorizationCodeGrantRequest(as, client, proof, parameters, REDIRECT, verifier, {
        additionalParameters: { resource: world.resource },
        ...options
    });
    const got = await oauth.processAuthorizationCodeResponse(as, client, response, {
        expectedNonce: nonce,
        maxAge: 3600,
        requireIdToken: true
    });
    await oauth.validateApplicationLevelSignature(as, response, options);
    const claims = oauth.getValidatedIdTokenClaims(got)!;

    response = await oauth.userInfoRequest(as, client, got.access_token, options);
    const person = await oauth.processUserInfoResponse(as, client, claims.sub, response);
    if (person.email !== world.email || claims.email !== world.email) throw new Error(`who is ${person.email}?`);

    response = await oauth.refreshTokenGrantRequest(as, client, proof, got.refresh_token!, options);
    const renewed = await oauth.processRefreshTokenResponse(as, client, response);
    await oauth.validateApplicationLevelSignature(as, response, options);
    const again = oauth.getValidatedIdTokenClaims(renewed)!;
    if (again.sub !== claims.sub || again.auth_time !== claims.auth_time) throw new Error('a refresh changed who it is');

    const facts = await introspected(as, renewed.access_token);
    if (!facts.active || facts.sub !== claims.sub || facts.client_id !== client.client_id || facts.iss !== as.issuer) {
        throw new Error(`introspection said ${JSON.stringify(facts)}`);
    }
    await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, proof, renewed.refresh_token!, options));
    if ((await introspected(as, renewed.access_token)).active) throw new Error('revoked, and still active');
    kept.push(got.access_token, got.refresh_token!, renewed.access_token, renewed.refresh_token!, verifier);
}

async function introspected(as: oauth.AuthorizationServer, token: string): Promise<oauth.IntrospectionResponse> {
    const { id, secret } = world.credential;
    const resource = { client_id: id };
    const response = await oauth.introspectionRequest(as, resource, oauth.ClientSecretBasic(secret), token, options);
    return oauth.processIntrospectionResponse(as, resource, response);
}

/** prompt=none where somebody would have to be asked: an error that names its issuer, too (OpenID Connect Core §3.1.2.6). */
async function refused(as: oauth.AuthorizationServer, { client }: Known): Promise<string> {
    const challenge = await oauth.calculatePKCECodeChallenge(oauth.generateRandomCodeVerifier());
    const silent = { prompt: 'none', resource: world.resource, code_challenge: challenge, code_challenge_method: 'S256' };
    try {
        await authorized(as, client, silent);
    } catch (error) {
        if (error instanceof oauth.AuthorizationResponseError) return error.error;
        throw error;
    }
    throw new Error('nobody was asked');
}

/** A service account: an opaque token for its Application, a JWT for the management API (RFC 9068). */
async function machine(as: oauth.AuthorizationServer): Promise<void> {
    const { client_id, client_secret, resource, api, scope, call } = world.machine;
    for (const proof of [oauth.ClientSecretBasic(client_secret), oauth.ClientSecretPost(client_secret)]) {
        for (const wanted of [{ resource, scope }, { resource: api, scope: 'api:read' }]) {
            const response = await oauth.clientCredentialsGrantRequest(as, { client_id }, proof, wanted, options);
            const got = await oauth.processClientCredentialsResponse(as, { client_id }, response);
            kept.push(got.access_token);
            if (wanted.resource !== api) continue;
            const request = new Request(call.url, { headers: { authorization: `Bearer ${got.access_token}` } });
            const claims = await oauth.validateJwtAccessToken(as, request, api, options);
            if (claims.client_id !== client_id || claims.scope !== 'api:read') throw new Error('not what was asked for');
            const headers = new Headers(call.headers);
            const answer = await oauth.protectedResourceRequest(got.access_token, 'GET', new URL(call.url), headers, null, options);
            if (answer.status !== 200) throw new Error(`the API answered ${answer.status}`);
        }
    }
}

try {
    const as = await discovered();
    const algorithms = as.id_token_signing_alg_values_supported!;
    const walks: string[] = [];
    for (const method of as.token_endpoint_auth_methods_supported!) {
        const keyed = method === 'private_key_jwt' ? as.token_endpoint_auth_signing_alg_values_supported! : [undefined];
        for (const alg of keyed as (string | undefined)[]) {
            const known = await registered(as, method, alg, algorithms[walks.length % algorithms.length]);
            if (walks.length === 0) tell('error', await refused(as, known));
            await walked(as, known);
            walks.push([method, alg].filter(Boolean).join(' '));
        }
    }
    await machine(as);
    tell('kept', kept.filter(Boolean));
    tell('done', walks);
} catch (error) {
    const { name, message, cause } = error as Error;
    tell('failed', { name, message, cause: String((cause as any)?.body ? JSON.stringify((cause as any).body) : cause) });
}
process.stdin.destroy();
