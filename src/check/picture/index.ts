/** The room of drawings: an explanation as the text diagram of a mail, and as a picture. */
export { drawDiagram, type Style } from './diagram.js';
export { escapeXml } from './ink.js';
export { drawSvg, type PictureOptions } from './svg.js';
export { wrap } from './wrap.js';
