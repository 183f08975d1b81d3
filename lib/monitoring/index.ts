export * from './scrape-job';
