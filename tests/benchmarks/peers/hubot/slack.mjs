// Hubot's Slack adapter, with the address of the fake: its own settings have none for the Web API. The options of its
// WebClient are those that it uses by default.
import { SlackBot } from '@hubot-friends/hubot-slack/src/Bot.mjs'
import { WebClient } from '@slack/web-api'

const slackApiUrl = process.env.BASELINE_SLACK

export default {
  use: robot => new SlackBot(robot, {
    appToken: process.env.BASELINE_APP_TOKEN,
    botToken: process.env.BASELINE_TOKEN,
    socketModeOptions: { clientOptions: { slackApiUrl } },
    web: new WebClient(process.env.BASELINE_TOKEN, { slackApiUrl, maxRequestConcurrency: 1, logLevel: 'error' })
  })
}
