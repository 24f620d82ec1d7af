// bolt-js: the slash command /run over HTTP.
import bolt from '@slack/bolt'
import { finish } from './finish.mjs'

const app = new bolt.App({
  token: process.env.BASELINE_TOKEN,
  signingSecret: process.env.BASELINE_SECRET,
  clientOptions: { slackApiUrl: process.env.BASELINE_SLACK },
  customRoutes: [{ path: '/readyz', method: 'GET', handler: (_, response) => response.end('ok') }]
})

app.command('/run', async ({ ack, command, client }) => {
  await ack()
  await finish(client, command.channel_id, command.text)
})

await app.start(Number(process.env.BASELINE_PORT))
