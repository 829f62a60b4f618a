"""A server of OpenAI's dialect: candidates as they were measured, their base models, files and tuning jobs."""
