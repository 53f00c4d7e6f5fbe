// What a site may do before the loader is there.
window.usher =
  window.usher ||
  function () {
    window.usher.q = window.usher.q || [];
    // biome-ignore lint/complexity/noArguments: the shape that sites paste
    window.usher.q.push(arguments);
  };
window.heard = [];
for (const name of [
  'ready',
  'offered',
  'opened',
  'closed',
  'queued',
  'place',
  'accepted',
  'message',
  'ended',
]) {
  window.usher('on', name, (detail) => window.heard.push([name, detail]));
}
