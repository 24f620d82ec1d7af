// Draws one group as PNGs: node draw.cjs SOURCE.json OUT-PREFIX. Slack's blocks with slack-blocks-to-jsx, in Chromium.
const fs = require('fs');
const React = require('react');
const { renderToStaticMarkup } = require('react-dom/server');
const { Message } = require('slack-blocks-to-jsx');
const { chromium } = require('playwright-core');
const UPNG = require('upng-js');

const [, , source, out] = process.argv;
const { pictures, html } = JSON.parse(fs.readFileSync(source));
const css = fs.readFileSync(require.resolve('slack-blocks-to-jsx/dist/style.css'), 'utf8');
const logo = 'data:image/svg+xml;utf8,' + encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" width="36" height="36"><rect width="36" height="36" rx="6" fill="#1e325c"/>' +
  '<text x="18" y="24" fill="white" font-family="sans-serif" font-size="16" text-anchor="middle">L</text></svg>');
const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

function message(blocks, theme, withoutWrapper = false) {
  const props = { blocks, logo, name: 'Liaison', time: new Date('2026-01-01T03:04:00'), theme, withoutWrapper };
  return renderToStaticMarkup(React.createElement(Message, props));
}

function modal(form, theme) {
  const button = (text, style) => `<span class="b ${style}">${escape(text.text)}</span>`;
  const buttons = (form.close ? button(form.close, '') : '') + (form.submit ? button(form.submit, 'go') : '');
  return `<div class="modal"><h2>${escape(form.title.text)}</h2>${message(form.blocks, theme, true)}<div class="send">${buttons}</div></div>`;
}

function slackPage(theme) {
  const shown = pictures.map((picture) => {
    const body = picture.form ? modal(picture.form, theme) : message(picture.blocks, theme);
    const only = picture.private ? '<p class="only">👁 Only visible to you</p>' : '';
    return `<p class="caption">${escape(picture.caption)}</p><div class="${picture.private ? 'private' : ''}">${only}${body}</div>`;
  });
  const dark = theme === 'dark';
  return `<!doctype html><meta charset="utf-8"><style>${css}
    body { margin: 0; padding: 10px; font-family: Lato, sans-serif; background: ${dark ? '#1a1d21' : '#fff'}; color: ${dark ? '#d1d2d3' : '#1d1c1d'} }
    .caption { margin: 14px 0 6px; font-size: 11px; text-transform: uppercase; opacity: .6; border-bottom: 1px solid #8888 }
    .only { font-size: 12px; opacity: .7; margin: 0 } .private { background: ${dark ? '#222529' : '#f6f6f6'}; padding: 6px; border-radius: 6px }
    .modal { border: 1px solid #8886; border-radius: 8px; padding: 12px; max-width: 520px } .modal h2 { font-size: 18px; margin: 0 }
    .send { text-align: right; margin-top: 12px } .b { border: 1px solid #8888; border-radius: 4px; padding: 6px 12px; margin-left: 8px; font-weight: 700 }
    .go { background: #007a5a; color: #fff }
    </style><body>${shown.join('')}</body>`;
}

async function main() {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox'] });
  for (const theme of ['light', 'dark']) {
    for (const [size, width] of [['phone', 380], ['desktop', 760]]) {
      const page = await browser.newPage({ viewport: { width, height: 200 } });
      await page.setContent(html[theme] || slackPage(theme));
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
