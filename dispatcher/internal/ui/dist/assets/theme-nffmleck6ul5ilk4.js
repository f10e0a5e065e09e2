(()=>{try{let e=localStorage.getItem("webhook-theme");(e==="light"||e==="dark")&&(document.documentElement.dataset.theme=e)}catch{}})();
