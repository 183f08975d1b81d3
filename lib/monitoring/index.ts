export * from './alert-rules';
export * from './scrape-job';
