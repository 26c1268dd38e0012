/** What a token may do, asked of AuthSec at every request. Copy this file into a server of your own. */

import { type AuthInfo, OAuthError, OAuthErrorCode, type OAuthTokenVerifier } from '@modelcontextprotocol/server';

const TIMEOUT_MS = 5_000;

/** Token introspection (RFC 7662) with the Application's resource credential. */
export class Introspection implements OAuthTokenVerifier {
    readonly #endpoint: URL;
    readonly #authorization: string;

    constructor(issuer: string, credential: { id: string; secret: string }) {
        this.#endpoint = new URL('/oauth/introspect', issuer);
        this.#authorization = `Basic ${btoa(`${credential.id}:${credential.secret}`)}`;
    }

    /**
     * Nothing is kept between two calls: somebody who was suspended a moment ago is out now.
     *
     * @throws OAuthError `invalid_token`, which the gate answers with 401, or `server_error`, with 500.
     */
    async verifyAccessToken(token: string): Promise<AuthInfo> {
        const answer = await fetch(this.#endpoint, {
            method: 'POST',
            headers: { authorization: this.#authorization },
            body: new URLSearchParams({ token }),
            signal: AbortSignal.timeout(TIMEOUT_MS)
        });
        if (!answer.ok) {
            throw new OAuthError(OAuthErrorCode.ServerError, `Introspection answered ${answer.status}`);
        }
        const facts = await answer.json();
        if (!facts.active) {
            throw new OAuthError(OAuthErrorCode.InvalidToken, 'The token is not valid here, or no longer');
        }
        return {
            token,
            clientId: facts.client_id,
            scopes: (facts.scope ?? '').split(' ').filter(Boolean),
            expiresAt: facts.exp,
            resource: new URL(facts.aud),
            extra: { sub: facts.sub, username: facts.username, planTier: facts.plan_tier }
        };
    }
}
