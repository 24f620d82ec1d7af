// Draws one group as PNGs, in Chromium: node draw.cjs SOURCE.json OUT-PREFIX.
const fs = require('fs');
const { chromium } = require('playwright-core');
const UPNG = require('upng-js');
const { slackPage } = require('./slack_page.cjs');

const [, , source, out] = process.argv;
const { pictures, html, names } = JSON.parse(fs.readFileSync(source));

async function main() {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox'] });
  for (const theme of ['light', 'dark']) {
    for (const [size, width] of [['phone', 380], ['desktop', 760]]) {
      const page = await browser.newPage({ viewport: { width, height: 200 } });
      await page.setContent(html[theme] || slackPage(pictures, theme, names));
      await page.evaluate(() => document.querySelectorAll('.text').forEach((text) => {
        if (text.firstElementChild.scrollHeight > 200) text.classList.add('folded');
      }));
      const png = await page.screenshot({ fullPage: true });
      const image = UPNG.decode(png);
      fs.writeFileSync(`${out}-${size}-${theme}.png`, Buffer.from(UPNG.encode(UPNG.toRGBA8(image), image.width, image.height, 48)));
      await page.close();
    }
  }
  await browser.close();
}

main().catch((error) => { console.error(error); process.exit(1); });
