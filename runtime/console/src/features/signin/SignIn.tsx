import { useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import { ApiError, api, UnreachableError } from '../../api/http';
import { useI18n } from '../../i18n/i18n';
import { Button } from '../../ui/Button';
import { Centre } from './Centre';
import { takeToken } from './token';

/** Where a sign-in link leads: the token goes to the desk once, and then to no history. */
export function SignIn({ onSignedIn }: { onSignedIn(): Promise<unknown> }) {
  const { t } = useI18n();
  const [, go] = useLocation();
  const [token] = useState(takeToken);
  const [failure, setFailure] = useState<unknown>();
  const [round, setRound] = useState(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: one attempt for each round.
  useEffect(() => {
    let here = true;
    if (!token) {
      go('/login', { replace: true });
      return;
    }
    setFailure(undefined);
    signInOnce(token, round)
      .then(onSignedIn)
      .then(() => here && go('/', { replace: true }))
      .catch((error: unknown) => here && setFailure(error));
    return () => {
      here = false;
    };
  }, [token, round]);

  if (failure === undefined) return <Centre title={t('signIn.working')} />;
  if (failure instanceof ApiError && failure.error.code === 'link_used') {
    return (
      <Centre title={t('signIn.used')}>
        <p>{t('signIn.usedMeans')}</p>
        <Ways />
      </Centre>
    );
  }
  if (
    failure instanceof ApiError &&
    (failure.error.code === 'link_expired' || failure.status === 401)
  ) {
    return (
      <Centre
        title={t(failure.error.code === 'link_expired' ? 'signIn.expired' : 'signIn.invalid')}
      >
        <p>
          {t(failure.error.code === 'link_expired' ? 'signIn.expiredMeans' : 'signIn.invalidMeans')}
        </p>
        <Ways />
      </Centre>
    );
  }
  const unreachable = failure instanceof UnreachableError;
  return (
    <Centre title={t('signIn.failed')}>
      <p>
        {unreachable ? t('error.unreachable') : failure instanceof Error ? failure.message : ''}
      </p>
      <p>{t('signIn.kept')}</p>
      <Button look="primary" onPress={() => setRound(round + 1)}>
        {t('action.tryAgain')}
      </Button>
    </Centre>
  );
}

function Ways() {
  const { t } = useI18n();
  return (
    <>
      <p className="text2">{t('login.ask')}</p>
      <code className="code">kubectl usher sign-in-link NAME</code>
    </>
  );
}

/** Without a link: how to get one. */
export function Login({ isOut }: { isOut: boolean }) {
  const { t } = useI18n();
  return (
    <Centre title={t(isOut ? 'login.out' : 'login.title')}>
      <p>{t('login.how')}</p>
      <Ways />
      <p className="muted">{t('login.once')}</p>
    </Centre>
  );
}

// A link works once, and an effect may run twice: the same round shares one request.
const attempts = new Map<string, Promise<unknown>>();

function signInOnce(token: string, round: number): Promise<unknown> {
  const key = `${round}.${token}`;
  let attempt = attempts.get(key);
  if (!attempt) {
    attempt = api.signIn(token);
    attempts.set(key, attempt);
  }
  return attempt;
}
