import { finish } from '../../finish.mjs'

export default robot => {
  robot.respond(/(finish .*)/, response =>
    finish(robot.adapter.client.web, response.message.room, response.match[1]))
  robot.respond(/ready/, response => response.send('ready'))
}
