// Slack's messages, modals and Home tab as a page. slack-blocks-to-jsx draws the blocks; we correct what it gets wrong:
// it draws plain_text as markup, and it does not show what is preselected in a field.
const fs = require('fs');
const React = require('react');
const { renderToStaticMarkup } = require('react-dom/server');
const { Message } = require('slack-blocks-to-jsx');

const css = fs.readFileSync(require.resolve('slack-blocks-to-jsx/dist/style.css'), 'utf8');
const logo = 'data:image/svg+xml;utf8,' + encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" width="36" height="36"><rect width="36" height="36" rx="6" fill="#1e325c"/>' +
  '<text x="18" y="24" fill="white" font-family="sans-serif" font-size="16" text-anchor="middle">L</text></svg>');
const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

// Characters of plain text travel through the renderer as private ones, which it takes for no markup.
const hide = (text) => text.replace(/[!-/:-@[-`{-~]/g, (char) => String.fromCharCode(0xe000 + char.charCodeAt(0)));
const unhide = (html) => html.replace(/[\ue000-\ue07f]/g, (char) => escape(String.fromCharCode(char.charCodeAt(0) - 0xe000)));

function prepared(value) {
  if (Array.isArray(value)) return value.map(prepared);
  if (value === null || typeof value !== 'object') return value;
  const found = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, prepared(item)]));
  if (found.type === 'plain_text') return { ...found, text: hide(found.text) };
  return found.type === 'external_select' ? { ...found, type: 'static_select', options: [] } : found;
}

function drawn(blocks, theme, withoutWrapper = false) {
  const time = new Date('2026-01-01T03:04:00');
  const props = { blocks: prepared(blocks), logo, name: 'Liaison', time, theme, withoutWrapper };
  return unhide(renderToStaticMarkup(React.createElement(Message, props)));
}

const named = (html, names) => html.replace(/@([UW]\w+)/g, (mention, id) => `@${names[id] || id}`);

const box = (text, placeholder, more = '') =>
  `<div class="box ${more}">${text ? escape(text) : `<i>${escape(placeholder)}</i>`}${more === 'pick' ? '<b>⌄</b>' : ''}</div>`;

function element(item, names) {
  const text = (option) => option && option.text.text;
  const placeholder = item.placeholder ? item.placeholder.text : '';
  const marks = (sign, chosen) => item.options.map((option) => {
    const on = chosen.some((other) => other.value === option.value);
    return `<div class="mark"><span class="${sign} ${on ? 'on' : ''}"></span>${escape(text(option))}</div>`;
  }).join('');
  switch (item.type) {
    case 'radio_buttons': return marks('round', item.initial_option ? [item.initial_option] : []);
    case 'checkboxes': return marks('square', item.initial_options || []);
    case 'plain_text_input': return box(item.initial_value, placeholder, item.multiline ? 'tall' : '');
    case 'users_select': return box(names[item.initial_user], 'Select a person', 'pick');
    case 'multi_users_select': return box((item.initial_users || []).map((id) => names[id] || id).join(', '), 'Select people', 'pick');
    case 'conversations_select': return box(names[item.initial_conversation], 'Select a channel', 'pick');
    default: return box(text(item.initial_option), placeholder || 'Select an option', 'pick');
  }
}

function field(block, names) {
  const optional = block.optional ? ' <i>(optional)</i>' : '';
  const hint = block.hint ? `<div class="hint">${escape(block.hint.text)}</div>` : '';
  return `<div class="field"><label>${escape(block.label.text)}${optional}</label>${element(block.element, names)}${hint}</div>`;
}

function modal(form, theme, names) {
  const button = (text, style) => `<span class="b ${style}">${escape(text.text)}</span>`;
  const buttons = (form.close ? button(form.close, '') : '') + (form.submit ? button(form.submit, 'go') : '');
  const body = form.blocks.map((block) => (block.type === 'input' ? field(block, names) : drawn([block], theme, true))).join('');
  return `<div class="modal"><h2>${escape(form.title.text)}</h2>${body}<div class="send">${buttons}</div></div>`;
}

exports.slackPage = (pictures, theme, names) => {
  const shown = pictures.map((picture) => {
    const home = picture.form && picture.form.type === 'home';
    const view = picture.form && (home ? `<div class="home">${drawn(picture.form.blocks, theme, true)}</div>` : modal(picture.form, theme, names));
    const body = view || drawn(picture.blocks, theme);
    const only = picture.private ? '<p class="only">👁 Only visible to you</p>' : '';
    return `<p class="caption">${escape(picture.caption)}</p><div class="${picture.private ? 'private' : ''}">${only}${body}</div>`;
  });
  const dark = theme === 'dark';
  return `<!doctype html><meta charset="utf-8"><style>${css}
    body { margin: 0; padding: 10px; font-family: Lato, sans-serif; background: ${dark ? '#1a1d21' : '#fff'}; color: ${dark ? '#d1d2d3' : '#1d1c1d'} }
    .caption { margin: 14px 0 6px; font-size: 11px; text-transform: uppercase; opacity: .6; border-bottom: 1px solid #8888 }
    .only { font-size: 12px; opacity: .7; margin: 0 } .private { background: ${dark ? '#222529' : '#f6f6f6'}; padding: 6px; border-radius: 6px }
    .modal, .home { border: 1px solid #8886; border-radius: 8px; padding: 12px; max-width: 520px } .modal h2 { font-size: 18px; margin: 0 }
    .field { margin: 14px 0; font-size: 15px } .field label { font-weight: 700; display: block; margin-bottom: 4px }
    .field i { font-style: normal; font-weight: 400; opacity: .6 } .hint { font-size: 12px; opacity: .7; margin-top: 3px }
    .box { border: 1px solid #8888; border-radius: 4px; padding: 6px 10px; min-height: 36px; box-sizing: border-box; position: relative } .box.tall { min-height: 72px }
    .box b { position: absolute; right: 10px } .box.pick { max-width: 260px } .mark { display: flex; align-items: center; gap: 8px; padding: 3px 0 }
    .round, .square { box-sizing: border-box; width: 16px; height: 16px; border: 1px solid #8888; border-radius: 8px } .square { border-radius: 3px }
    .on { background: #1264a3; box-shadow: inset 0 0 0 3px ${dark ? '#1a1d21' : '#fff'}; border-color: #1264a3 }
    .send { text-align: right; margin-top: 12px } .b { border: 1px solid #8888; border-radius: 4px; padding: 6px 12px; margin-left: 8px; font-weight: 700 }
    .go { background: #007a5a; color: #fff }
    </style><body>${named(shown.join(''), names)}</body>`;
};
