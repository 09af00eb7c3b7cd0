import { useEffect, useState } from 'react';

// Typing is not searching: wait this long (milliseconds) after the last key.
const PAUSE = 250;

export function Search() {
  const [text, setText] = useState('');
  const [found, setFound] = useState([]);

  useEffect(() => {
    const request = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const answer = await fetch(`/api/search?q=${encodeURIComponent(text)}`, { signal: request.signal });
        setFound((await answer.json()).found);
      } catch (error) {
        if (error.name !== 'AbortError') setFound([]);
      }
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      request.abort();
    };
  }, [text]);

  return (
    <section>
      <input
        type="search"
        placeholder="ships, tide, birds…"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <ol>
        {found.map((document) => (
          <li key={document.id}>
            <b>{document.title}</b> {document.body}
          </li>
        ))}
      </ol>
    </section>
  );
}
