# One image, every component: the command says which (see docker-compose.yml).
FROM node:22-slim
WORKDIR /nanokube
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
COPY api ./api
COPY runtime ./runtime
COPY store ./store
COPY client ./client
COPY apiserver ./apiserver
COPY scheduler ./scheduler
COPY controller-manager ./controller-manager
COPY kubelet-sim ./kubelet-sim
COPY cli ./cli
COPY bench ./bench
RUN npm ci && npm prune --omit=dev --ignore-scripts
ENTRYPOINT ["node", "/nanokube/dist/cli/main.js"]
CMD ["--help"]
