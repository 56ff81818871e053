// Comments on the pull request (GitHub) or merge request (GitLab) that this job is for: once, and
// updated from then on. Prints what it did; a job that is for none of them gets no comment.
import { existsSync, readFileSync } from 'node:fs';

const MARKER = '<!-- distill: robustness report -->';
/** What GitHub takes in one comment; GitLab takes more. */
const MAX_LENGTH = 65_536;
const PER_PAGE = 100;

/** Where comments are, and how they are changed. */
function github(env) {
  const { number } = JSON.parse(readFileSync(env.GITHUB_EVENT_PATH, 'utf8')).pull_request ?? {};
  if (number === undefined) return undefined;
  const repository = `${env.GITHUB_API_URL}/repos/${env.GITHUB_REPOSITORY}/issues`;
  return {
    list: `${repository}/${number}/comments`,
    one: (id) => `${repository}/comments/${id}`,
    update: 'PATCH',
    headers: {
      authorization: `Bearer ${env.DISTILL_TOKEN}`,
      accept: 'application/vnd.github+json',
      'x-github-api-version': '2022-11-28',
    },
  };
}

function gitlab(env) {
  const { CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID, DISTILL_TOKEN } = env;
  if (!CI_MERGE_REQUEST_IID || !DISTILL_TOKEN) return undefined;
  const notes = `${CI_API_V4_URL}/projects/${CI_PROJECT_ID}/merge_requests/${CI_MERGE_REQUEST_IID}/notes`;
  return {
    list: notes,
    one: (id) => `${notes}/${id}`,
    update: 'PUT',
    headers: { 'private-token': DISTILL_TOKEN },
  };
}

async function call(headers, method, url, body) {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify({ body }) }),
  });
  if (!response.ok)
    throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** The comment that an earlier job left, if any. */
async function earlierComment({ list, headers }) {
  for (let page = 1; ; page++) {
    const comments = await call(headers, 'GET', `${list}?per_page=${PER_PAGE}&page=${page}`);
    const found = comments.find(({ body }) => body.startsWith(MARKER));
    if (found || comments.length < PER_PAGE) return found;
  }
}

const { env } = process;
const place = env.GITLAB_CI ? gitlab(env) : github(env);
if (place === undefined) {
  console.log('no comment: this job is for no pull request, or has no token');
} else if (!existsSync(env.DISTILL_COMMENT)) {
  console.log('no comment: nothing was evaluated');
} else {
  const text = `${MARKER}\n${readFileSync(env.DISTILL_COMMENT, 'utf8')}`;
  const cut = '\n\n(cut: the whole report is among the files of the job)';
  const body = text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH - cut.length)}${cut}`;
  const earlier = await earlierComment(place);
  if (earlier) await call(place.headers, place.update, place.one(earlier.id), body);
  else await call(place.headers, 'POST', place.list, body);
  console.log(earlier ? `comment ${earlier.id} updated` : 'commented');
}
