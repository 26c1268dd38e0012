/** What a token may do, asked of AuthSec at every request. Copy this file into a server of your own. */

import {
    type AuthInfo,
    bearerAuthChallengeResponse,
    OAuthError,
    OAuthErrorCode,
    type OAuthTokenVerifier,
    verifyBearerToken,
    type VerifyBearerTokenOptions
} from '@modelcontextprotocol/server';

const TIMEOUT_MS = 5_000;

/**
 * AuthSec said nothing of the token: 429, whom it is for has used up their calls, or 503, it cannot be asked now. Not
 * 401, which would send the client to its user for another token.
 */
class NoAnswer extends Error {
    readonly status: 429 | 503;
    readonly waitS: string;

    constructor(status: 429 | 503, waitS = '5') {
        super(status === 429 ? 'Too many calls.' : 'Nobody can be let in now.');
        this.status = status;
        this.waitS = waitS;
    }

    response(): Response {
        return Response.json({ error: this.message }, { status: this.status, headers: { 'Retry-After': this.waitS } });
    }
}

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
     * @throws OAuthError `invalid_token`, which the gate answers with 401, or NoAnswer.
     */
    async verifyAccessToken(token: string): Promise<AuthInfo> {
        const answer = await this.#ask(token);
        if (answer.status === 429) throw new NoAnswer(429, answer.headers.get('Retry-After') ?? undefined);
        // 400 and 413: whatever was sent, it is no token.
        if (!answer.ok && answer.status !== 400 && answer.status !== 413) throw new NoAnswer(503);
        const facts = answer.ok ? await answer.json() : { active: false };
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

    async #ask(token: string): Promise<Response> {
        try {
            return await fetch(this.#endpoint, {
                method: 'POST',
                headers: { authorization: this.#authorization },
                body: new URLSearchParams({ token }),
                signal: AbortSignal.timeout(TIMEOUT_MS)
            });
        } catch {
            throw new NoAnswer(503);
        }
    }
}

/** Lets a request in, or answers it: the SDK's `requireBearerAuth`, which knows no 429 and no 503. */
export async function letIn(request: Request, options: VerifyBearerTokenOptions): Promise<AuthInfo | Response> {
    try {
        return await verifyBearerToken(request.headers.get('authorization') ?? undefined, options);
    } catch (error) {
        return error instanceof NoAnswer ? error.response() : bearerAuthChallengeResponse(error, options);
    }
}
