import { text } from 'node:stream/consumers'
import { AuthError, ConfidentialClientApplication } from '@azure/msal-node'

// Run by msal.test.ts in a process of its own, whose environment makes Node trust the simulator's certificate.
// Standard input: how to sign in; standard output: what came of it, without the token.

type Given = {
  origin: string
  tenant: string
  clientId: string
  clientSecret?: string
  certificate?: { thumbprintSha256: string; privateKey: string }
  scope: string
}

const { origin, tenant, clientId, clientSecret, certificate, scope }: Given = JSON.parse(await text(process.stdin))
const application = new ConfidentialClientApplication({
  auth: {
    clientId,
    authority: `${origin}/${tenant}`,
    knownAuthorities: [new URL(origin).host],
    ...(clientSecret !== undefined && { clientSecret }),
    ...(certificate && { clientCertificate: certificate }),
  },
})
process.stdout.write(JSON.stringify(await signIn()))

async function signIn(): Promise<object> {
  try {
    const found = await application.acquireTokenByClientCredential({ scopes: [scope] })
    const headers = { authorization: `Bearer ${found?.accessToken}` }
    const { status } = await fetch(`${origin}/api/data/v9.2/WhoAmI`, { headers })
    return { minutes: Math.round((Number(found?.expiresOn) - Date.now()) / 60_000), whoAmI: status }
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    return {
      name: error.name,
      code: error.errorCode,
      number: Reflect.get(error, 'errorNo'),
      status: Reflect.get(error, 'status'),
    }
  }
}
