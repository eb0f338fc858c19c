const put = (/** @type {string} */ id, /** @type {string} */ text) => {
  const element = document.getElementById(id);
  if (element !== null) element.textContent = text;
};

const worker = new Worker('worker.js', { type: 'module' });
worker.addEventListener('message', ({ data }) => {
  put('lines', data.lines.join('\n'));
  put('digest', data.digest);
});
