// What bare.py does: finishes the task, reads the run, and edits its card.
const platform = process.env.BASELINE_CUTOVER
const headers = {
  Authorization: `Bearer ${process.env.BASELINE_CUTOVER_TOKEN}`,
  'Api-Version': '2022-02-22',
  Accept: 'application/json',
  'Content-Type': 'application/json'
}

async function request (path, options = {}) {
  const response = await fetch(platform + path, { headers, signal: AbortSignal.timeout(30000), ...options })
  if (!response.ok) throw new Error(`${response.status} ${path}`)
  return response.json()
}

export async function finish (slack, channel, text) {
  const [, runbook, task, card] = text.split(' ')
  const path = `/core/runbooks/${runbook}/tasks`
  await request(`${path}/${task}/finish`, { method: 'PATCH', body: JSON.stringify({ meta: { override: false } }) })
  const { data } = await request(path)
  const rows = data.slice(0, 10).map(({ attributes }) => `${attributes.stage} ${attributes.name}`).join('\n')
  await slack.chat.update({
    channel,
    ts: card,
    text: 'The run was updated',
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: `Run ${runbook}` } },
      { type: 'section', text: { type: 'mrkdwn', text: rows } }
    ]
  })
}
