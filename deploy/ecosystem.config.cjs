// The server as a process of the PM2 daemon that it controls: API_KEY=… pm2 start deploy/ecosystem.config.cjs
// It leaves itself out of actions on all processes. `pm2 save` writes the environment, and with it the key, to
// PM2_HOME/dump.pm2.
const path = require('path')

const root = path.resolve(__dirname, '..')

module.exports = {
  apps: [
    {
      name: 'pm2site',
      cwd: root,
      script: 'manage.py',
      args: 'serve',
      interpreter: path.join(root, '.venv', 'bin', 'python'),
      exec_mode: 'fork',
      instances: 1,
      treekill: false, // the frameworks and runs that it started are its children, and stay
      kill_timeout: 12000, // it ends within 10 s
      min_uptime: '10s',
      max_restarts: 10,
      exp_backoff_restart_delay: 200,
    },
  ],
}
